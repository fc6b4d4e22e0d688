"""What `schema` prints, held against other validators than the one that looks
at every event of the other tests (tests/schemas.py)."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from bridge import PROGRAM, ROOT

MODULES = ROOT / ".cache/schema/node_modules"
MAILS = sorted((ROOT / "tests/mails").glob("*.eml"))
# Each format and each mode, once.
KINDS = [("envelope", "binary"), ("jmap", "structured"), ("envelope", "none")]
DRAFTS = {"2020-12": jsonschema.Draft202012Validator,
          "draft-07": jsonschema.Draft7Validator}


def run(*args: str, stdin: bytes = b"") -> str:
    done = subprocess.run([str(PROGRAM), *args], input=stdin, check=True,
                          capture_output=True, timeout=60)
    return done.stdout.decode()


def options(form: str, mode: str) -> tuple:
    return "--format", form, "--cloudevents", mode


@pytest.fixture(scope="module")
def samples() -> list:
    """[(schema, events)]; the events are of mails of every kind."""
    return [(json.loads(run("schema", *options(form, mode))),
             [json.loads(run("convert", *options(form, mode),
                             "--raw", "inline", stdin=path.read_bytes()))
              for path in MAILS])
            for form, mode in KINDS[:2]]


@pytest.mark.parametrize("draft", DRAFTS)
def test_events_fit_by_python(samples, draft):
    for schema, events in samples:
        DRAFTS[draft].check_schema(schema)
        validator = DRAFTS[draft](schema)
        assert len(events) >= 15
        for event in events:
            validator.validate(event)


def test_wrong_events_do_not_fit(samples):
    """The schema says something."""
    for schema, events in samples:
        validator = jsonschema.Draft7Validator(schema)
        event = json.loads(json.dumps(events[0]))
        data = event.get("data", event)
        for key in list(data):
            kept, data[key] = data[key], {"no": ["such"]}
            assert not validator.is_valid(event), key
            data[key] = kept
        assert validator.is_valid(event)


def test_by_ajv_and_the_parser_of_asyncapi(samples):
    """In one run of node: most of it is the parser's start."""
    node = shutil.which("node")
    if node is None or not MODULES.is_dir():
        if os.environ.get("CI"):
            pytest.fail("no validators; run: make test-deps")
        pytest.skip("no validators; run: make test-deps")
    documents = [run("schema", "--asyncapi", *options(*kind))
                 for kind in KINDS]
    schemas = [{"schema": schema, "draft": draft, "events": events}
               for schema, events in samples for draft in DRAFTS]
    done = subprocess.run(
        [node, str(Path(__file__).parent / "schema/check.mjs")],
        input=json.dumps({"documents": documents, "schemas": schemas}),
        env={**os.environ, "MODULES": str(MODULES)}, text=True,
        capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_asyncapi_has_the_same_schema(samples):
    """But for where its definitions are."""
    for (schema, _), kind in zip(samples, KINDS):
        document = json.loads(run("schema", "--asyncapi", *options(*kind)))
        schemas = document["components"]["schemas"]
        text = json.dumps(schema["definitions"]).replace(
            "#/definitions/", "#/components/schemas/")
        for name, definition in json.loads(text).items():
            assert schemas[name] == definition


def test_problem_codes_are_those_of_the_program(samples):
    for schema, _ in samples:
        code = schema["definitions"]["problem"]["properties"]["code"]
        assert {"bodyTruncated", "charsetUnknown"} <= set(code["examples"])
        assert len(code["examples"]) == len(set(code["examples"])) >= 20


def test_unknown_format(bridge):
    done = bridge.command("schema", "--format", "xml", config=False)
    assert done.returncode == 64
    assert "envelope, jmap" in done.stderr
