"""What Locust's web page may change: the load, not where it goes.

Locust accepts from its page any option that the form names, the target and file names included, and
lets `/user` set any attribute of a user. Anyone who can open the page, or another site's page that
posts to it, could turn this machine's load against anybody.
"""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request

_CHANGEABLE: Final = {
    *("user_count", "spawn_rate", "run_time", "host", "route", "profile"),
    *("user_classes", "shape_class"),  # with --class-picker
}


def guard(app: Flask, target: str) -> None:
    """Let the page start load on `target` alone, with the options that its form has."""

    @app.before_request
    def check() -> tuple[Response, int] | None:
        if request.method != "POST":
            return None
        if _is_cross_origin():
            return _refusal("This is only allowed from Locust's own page.", target), 403
        if request.path.endswith("/user"):
            return _refusal("The users cannot be changed from this page.", target), 403
        if request.path.endswith("/swarm") and (wrong := _wrong_option(target)):
            return _refusal(wrong, target), 200  # the page shows a message only with this status
        return None


def _is_cross_origin() -> bool:
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _wrong_option(target: str) -> str | None:
    if any(host.rstrip("/") != target.rstrip("/") for host in request.form.getlist("host")):
        return f"The target is {target}. To use another one, start Locust with --host."
    if others := sorted(request.form.keys() - _CHANGEABLE):
        return f"These cannot be changed from this page: {', '.join(others)}."
    return None


def _refusal(text: str, target: str) -> Response:
    return jsonify({"success": False, "message": text, "host": target})
