"""The body of Alertmanager's webhook, as the OpenAPI document describes it. notifications.py reads it, by hand.

Alertmanager adds fields within version 4, so what is not described is passed over.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class WebhookAlert(BaseModel):
    """One alert of a notification."""

    model_config = ConfigDict(extra="allow")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = Field(description="Of each, the first 1000 characters are kept.")
    startsAt: AwareDatetime  # noqa: N815 - Alertmanager's name, as are the others
    endsAt: AwareDatetime = Field(description="The year 1 stands for never.")  # noqa: N815 - Alertmanager's name
    fingerprint: str = Field(min_length=1, description="The same for the same labels.")


class WebhookMessage(BaseModel):
    """A notification of Alertmanager's webhook, version 4."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "version": "4",
                    "receiver": "dev-hq",
                    "truncatedAlerts": 0,
                    "alerts": [
                        {
                            "status": "firing",
                            "labels": {"alertname": "ErrorSpike", "service": "storefront", "severity": "high"},
                            "annotations": {"summary": "too many errors"},
                            "startsAt": "2026-11-22T09:00:00.25Z",
                            "endsAt": "0001-01-01T00:00:00Z",
                            "fingerprint": "5ef77f1f8a3ecfa5",
                        }
                    ],
                }
            ]
        },
    )

    version: Literal["4"]
    receiver: str = Field(min_length=1)
    truncatedAlerts: int = Field(0, ge=0, lt=2**31, description="How many alerts were left out.")  # noqa: N815 - its name too
    alerts: list[WebhookAlert] = Field(min_length=1)


class Described:
    """Stands beside a body that is read by hand, and has the document describe it as this model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._model.__pydantic_core_schema__)
