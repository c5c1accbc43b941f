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

RESULT = (
    b"MSH|^~\\&|My EHR|My Test Facility||My EHR Facility|20150926140551||ORU^R01^ORU_R01|My-LOI_5.0_1.1-NG|T|2.5.1"
    b"|||AL|AL|||||\r"
    b"PID|1||PATID5421^^^My MPI^MR||Zhang^Sally^Brian^^^^L||19840611|F||2106-3^White^HL70005|123 Main Street^^"
    b"Mountain Springs^CO^80439^^H||^PRN^PH^^^203^2290210|||||||||N^Not Hispanic or Latino^HL70189\r"
    b"ORC|RE|833582639|3266238193||CM||||2010-01-01T19:53:38.408547Z\r"
    b"OBR|1|833582639|3266238193|us-0005^Vital Signs^WinPath^^||2010-01-01T19:53:38.408547Z|"
    b"2010-01-01T19:53:38.408547Z|||||||2010-01-01T19:53:38.408547Z||||||||2010-01-01T19:53:38.408547Z|||F||1\r"
    b"OBX|1|NM|tt-0005-07^MDC_PULS_RATE_NON_INV^MDC^^||52.31|MDC_DIM_BEAT_PER_MIN|50-200||||F|||"
    b"2010-01-01T19:53:38.408547Z||\r"
    b"OBX|2|NM|tt-0005-12^PAIN LEVEL^L^^||1.71|/10|1-10||||F|||2010-01-01T19:53:38.408547Z||\r"
    b"OBX|3|NM|tt-0005-09^MDC_TEMP^MDC^^||36.22|MDC_DIM_DEGC|36-38||||F|||2010-01-01T19:53:38.408547Z||\r"
)
"""Of docs.cloud.google.com/healthcare-api: "Enable schematized parsing for HL7v2 messages"."""
