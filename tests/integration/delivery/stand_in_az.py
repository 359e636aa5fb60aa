"""Stands in for the Azure CLI, which needs a tenant: writes down what it is asked, and answers as a file says.

The file ``answers.json`` beside it maps the first words of a command to what is printed; a value {"error": ...} fails,
{"text": ...} is printed as it is. Without ``--output json`` the answer is a table, as people may have set it.
A blob that is uploaded is kept, and comes back when it is downloaded.
"""

import itertools
import json
import shutil
import sys
from pathlib import Path

HERE = Path(sys.argv[0]).parent


def main(arguments: list[str]) -> int:
    """Write the call down and answer it."""
    with (HERE / "calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(arguments) + "\n")
    options = dict(itertools.pairwise(arguments))
    if arguments[:3] == ["storage", "blob", "upload"]:
        shutil.copyfile(options["--file"], HERE / options["--name"].replace("/", "~"))
        return 0
    if arguments[:3] == ["storage", "blob", "download"]:
        kept = HERE / options["--name"].replace("/", "~")
        if not kept.is_file():
            sys.stderr.write("ERROR: The specified blob does not exist.\n")
            return 3
        shutil.copyfile(kept, options["--file"])
        return 0
    if arguments[:3] == ["storage", "blob", "exists"]:
        kept = HERE / options["--name"].replace("/", "~")
        return _print({"exists": kept.is_file()}, options)
    answers = json.loads((HERE / "answers.json").read_text(encoding="utf-8"))
    command = " ".join(arguments)
    found = next((answer for start, answer in answers.items() if command.startswith(start)), None)
    if isinstance(found, dict) and "error" in found:
        sys.stderr.write(f"ERROR: {found['error']}\n")
        return 1
    return _print(found, options)


def _print(answer: object, options: dict[str, str]) -> int:
    if isinstance(answer, dict) and "text" in answer:
        sys.stdout.write(answer["text"])
    elif answer is not None:
        sys.stdout.write(json.dumps(answer) if options.get("--output") == "json" else f"Result\n--------\n{answer}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
