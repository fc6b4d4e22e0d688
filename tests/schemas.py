"""Events against the schemas that the program prints, by python-jsonschema.

Stricter than consumers may be: a property that no schema names is an error,
and so is a time that is none."""

import functools
import json
import subprocess
from datetime import datetime
from typing import Optional

import jsonschema

STRUCTURED = "application/cloudevents+json; charset=UTF-8"
RECEIVED = "mailbridge.message.received.v1"
REFUSED = "mailbridge.message.refused.v1"
RESET = "mailbridge.mailbox.reset.v1"

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_time(value) -> bool:
    return not isinstance(value, str) or (
        value[10] == "T" and datetime.fromisoformat(value).tzinfo is not None)


def printed(program: str, *options: str) -> dict:
    done = subprocess.run([program, "schema", *options], check=True,
                          capture_output=True, timeout=60)
    return json.loads(done.stdout)


def close(schema) -> None:
    """Forbid what it does not name."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            schema["additionalProperties"] = False
        for value in schema.values():
            close(value)


def strict(schema: dict, root: Optional[dict] = None):
    close(root or schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


class Schemas:
    def __init__(self, program: str) -> None:
        self.program = program
        self.seen = set()

    @functools.lru_cache
    def events(self, form: str, mode: str, kind: str):
        return strict(printed(self.program, "--format", form,
                              "--cloudevents", mode, "--type", kind))

    @functools.lru_cache
    def attributes(self, mode: str, name: str = "attributes"):
        """Of what travels beside an event, by the AsyncAPI document."""
        document = printed(self.program, "--asyncapi", "--cloudevents", mode)
        return strict(document["components"]["schemas"][name])

    def check(self, data: bytes, form: str = "", mode: str = "") -> dict:
        """The event, which must be as one of the schemas says."""
        event = json.loads(data)
        if hash(data) in self.seen:
            return event
        mode = mode or ("structured" if "specversion" in event else "binary")
        inner = event.get("data", event)
        form = form or ("jmap" if "imap" in inner else "envelope")
        kind = (REFUSED if "reason" in inner else
                RESET if "previous" in inner else RECEIVED)
        self.events(form, mode, kind).validate(event)
        self.seen.add(hash(data))
        return event

    def check_beside(self, data: bytes, beside: dict) -> dict:
        """The same with its headers, or fields."""
        event = self.check(data)
        if beside.get("content-type") == STRUCTURED:
            mode = "structured"
        else:
            mode = "binary" if "ce_id" in beside else "none"
        seen = hash((data, mode, *sorted(beside.items())))
        if seen not in self.seen:
            self.attributes(mode).validate(beside)
            self.seen.add(seen)
        assert (mode == "structured") == ("specversion" in event)
        if mode == "binary":
            assert beside["ce_id"].startswith(event["id"])
        return event

    def check_request(self, headers: dict) -> None:
        """The headers of a webhook's request, those of HTTP itself aside."""
        mode = ("structured" if headers["content-type"] == STRUCTURED else
                "binary" if "ce-id" in headers else "none")
        ours = {name: value for name, value in headers.items()
                if name.startswith("ce-") or name == "content-type"}
        self.attributes(mode, "httpAttributes").validate(ours)
        signed = {name: value for name, value in headers.items()
                  if name.startswith("webhook-")}
        self.attributes(mode, "webhook").validate(signed)
