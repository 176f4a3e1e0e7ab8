"""What the services share: the vote, the way into Kafka, the HTTP face, the life cycle."""
