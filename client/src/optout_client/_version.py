"""The version of the package, which the app's log sees in User-Agent."""

VERSION = "1.0.0b1"
