"""What is measured: one case a module, and the servers and turns that they share."""
