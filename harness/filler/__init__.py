"""Fills ledger and stores with very many votes."""
