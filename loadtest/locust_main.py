"""`./bazelw run //loadtest:locust -- OPTIONS`: Locust itself, with the locustfile given."""

import sys
from pathlib import Path

from locust.main import main

if __name__ == "__main__":
    sys.argv[1:1] = ["--locustfile", str(Path(__file__).with_name("locustfile.py"))]
    main()  # type: ignore[no-untyped-call]
