"""The program behind every push target: TITLE=FOLDER for each image, then the user's arguments."""

import sys
from itertools import takewhile

from tools.oci.push import main

if __name__ == "__main__":
    images = list(takewhile(lambda argument: not argument.startswith("-"), sys.argv[1:]))
    sys.exit(main(images, sys.argv[1 + len(images) :]))
