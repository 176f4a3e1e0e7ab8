"""The comparison of the two routes under load: driver, figures, reconciliation, report."""
