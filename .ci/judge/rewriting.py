"""Runs the example `rewrite` over many files at once."""

import json
import pathlib
import subprocess
import tempfile


class Rewriting:
    """The example with a key, and a folder for what goes in and comes out."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = pathlib.Path(folder)

    def run(self, inputs, *options):
        """Returns the outputs and the reports of inputs, in their order, made by one process."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            folder = pathlib.Path(folder)
            names = [f"{number:05}" for number in range(len(inputs))]
            for name, data in zip(names, inputs):
                (folder / name).write_bytes(data)
            command = [self.program, *options, "--report", "report", "--out-dir", "out", *names]
            result = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            if result.returncode:
                raise SystemExit(f"{options}: {result.stderr.decode(errors='replace')}")
            reports = [json.loads(line) for line in (folder / "report").read_text().splitlines()]
            assert [report["file"] for report in reports] == names
            return [(folder / "out" / name).read_bytes() for name in names], reports


class Documents:
    """HTML documents with what must come of them, asked for one by one and answered all together."""

    def __init__(self):
        self.groups = {}

    def ask(self, html, options, answer):
        """Has `answer` called with what `rewrite --format html` makes of the document."""
        self.groups.setdefault(tuple(options), []).append((html, answer))

    def settle(self, rewriting):
        for options, asked in self.groups.items():
            outputs, _ = rewriting.run([html for html, _ in asked], "--format", "html", *options)
            for output, (_, answer) in zip(outputs, asked):
                answer(output)
