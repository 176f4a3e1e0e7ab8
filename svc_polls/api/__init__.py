"""The organisers' HTTP API: who may ask, what they send, and what they are answered."""
