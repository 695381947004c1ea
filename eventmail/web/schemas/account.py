"""Signing in."""

from typing import Annotated

from pydantic import Field

from eventmail.web.intake import Body


class SignIn(Body):
    email: str = Field(max_length=320)
    password: Annotated[str, Field(max_length=1000)]


class Owner(Body):
    name: str = Field(max_length=100)
    email: str = Field(max_length=320)
    password: Annotated[str, Field(max_length=1000)]
