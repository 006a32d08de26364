"""`python -m api.export_schema [--check]`: writes api/schema.graphql, or says that it is stale. The file is the contract; its diff is reviewed."""

import sys
from pathlib import Path

from api.graphql.schema import build_schema

PATH = Path(__file__).with_name("schema.graphql")


def current() -> str:
    return build_schema().as_str().rstrip() + "\n"


def main(arguments: list[str]) -> int:
    written = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    if "--check" not in arguments:
        PATH.write_text(current(), encoding="utf-8")
        return 0
    if written != current():
        sys.stderr.write("api/schema.graphql is stale. Run: python -m api.export_schema\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
