"""The organisers' HTTP API: who may ask, what they send, and the answers."""
