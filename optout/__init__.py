"""optout: text-message opt-outs for Azure Communication Services, done right.

``domain`` holds the words, ``decide`` the rules, ``handle`` the path of one event and ``service``
puts the parts together. ``docs/architecture.md`` draws the whole.
"""

__version__ = "0.1.0"
