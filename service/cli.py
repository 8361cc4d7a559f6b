"""The `broadsheet` command."""


def main() -> None: ...
