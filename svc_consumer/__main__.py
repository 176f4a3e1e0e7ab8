"""Runs the consumer: `python -m svc_consumer`; `--help` lists its settings and its tools."""

from svc_consumer.service import main

if __name__ == "__main__":
    main()
