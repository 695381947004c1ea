"""Reports as a mail service signs them (Standard Webhooks)."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()


def signed(report: Any, now: datetime, *, delivery: str = "msg_1", secret: str = SECRET) -> dict[str, Any]:
    """The keyword arguments of a POST of `report` (bytes as they are, anything else as JSON)."""
    body = report if isinstance(report, bytes) else json.dumps(report).encode()
    timestamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256)).decode()
    headers = {
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    return {"data": body, "headers": headers}
