"""Programs with numbers that ACS has from a partner, beside one of its own."""

DANISH, OWN, FABRIKAM = "+4520123456", "12345", "+447700900123"
PERSON = "+4561123456"
PROGRAMS = f"""[[program]]
name = "Contoso"
list = "contoso"
replies.stop = "Contoso: You opted out and will not receive any more messages."
replies.start = "Contoso: 3 msgs/week. Msg & data rates may apply. HELP for help, STOP to opt out."
replies.help = "Contoso: call 1-800-800-8000."

[[program.sender]]
number = "{DANISH}"
type = "long_code"
country = "DK"
via = "messaging_connect"
partner = "infobip"

[[program.sender]]
number = "{OWN}"
type = "short_code"
country = "US"

[[program]]
name = "Fabrikam"
list = "fabrikam"
replies.help = "Fabrikam: call 0800 800 8000."

[[program.sender]]
number = "{FABRIKAM}"
type = "long_code"
country = "GB"
via = "messaging_connect"
"""
