"""Messages for tests: those of Google's pages about HL7v2, and one of each kind that a radiology department sends."""

GOOGLE = (
    b"MSH|^~\\&|A|SEND_FACILITY|A|A|20180101000000||TYPE^A|20180101000000|T|0.0|||AA||00|ASCII\r"
    b"EVN|A00|20180101040000\r"
    b"PID||14\x01111|11111111^^^^MRN~1111111111^^^^ORGNMBR"
)
"""Of docs.cloud.google.com/healthcare-api: "Importing HL7v2 messages"; the control character is Google's."""

ADMISSION = (
    b"MSH|^~\\&|ADT1|GOOD HEALTH HOSPITAL|GHH LAB|GHH|20070818112640-0500||ADT^A01^ADT_A01|MSG00001|P|2.5.1\r"
    b"EVN|A01|200708181123\r"
    b"PID|1||PATID1234^5^M11^ADT1&1.2.3&ISO^MR~123456789^^^USSSA^SS||EVERYMAN^ADAM^A^III||19610615|M||2106-3|"
    b"2222 HOME STREET^^GREENSBORO^NC^27401\r"
    b"PV1|1|I|2000^2012^01\r"
    b"AL1|1||^PENICILLIN||HIVES \\T\\ RASH~SWELLING\\R\\\r"
)
