"""Merkle trees over the records of a partition: hashes, proofs, tiles, checkpoints. No I/O."""
