"""What a client sends to a route. No service needs it: voters, load and hostile clients do."""
