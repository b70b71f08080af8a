"""The base of everything that is read from a data file: unknown fields are refused, values frozen."""

from pydantic import BaseModel, ConfigDict


class DataModel(BaseModel):
    """A table of a data file. An unknown field is refused: it is probably a typing error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
