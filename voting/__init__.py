"""What the services share: the vote, writing to Kafka, the stores, HTTP, and the life cycle."""
