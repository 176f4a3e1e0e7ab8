"""Why a tree cannot go on."""


class LedgerReplacedError(Exception):
    """The ledger is not the one that the tree is of, or has lost records; the text says how."""


class StoreDamagedError(Exception):
    """A file of a tree is missing or not what it was; the text says which."""


class FolderInUseError(Exception):
    """Another notary uses the folder, or it cannot be used; the text says what to do."""
