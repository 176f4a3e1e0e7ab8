"""Ed25519 signatures as C2SP's signed notes: what results and checkpoints are signed with."""
