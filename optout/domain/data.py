"""The base of everything that is read from a data file: no unknown field, and nothing changes it."""

from pydantic import BaseModel, ConfigDict


class DataModel(BaseModel):
    """A table of a data file. A field that nobody knows is a slip of the pen, and refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
