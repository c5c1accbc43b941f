"""Metadata of studies, series, instances (PS3.18 10.4.1.1.2): stored documents, joined."""

from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.dicom.find import documents, root_url
from emulator.services.healthcare.dicom.names import STUDIES, DicomPath
from emulator.services.healthcare.dicom.web import answers
from emulator.services.healthcare.service import SERVICE

_READ = "healthcare.dicomStores.dicomWebRead"


@SERVICE.handles(f"{STUDIES}.retrieveMetadata", permission=_READ)
@SERVICE.handles(f"{STUDIES}.series.retrieveMetadata", permission=_READ)
@SERVICE.handles(f"{STUDIES}.series.instances.retrieveMetadata", permission=_READ)
async def retrieve_metadata(request: Request) -> Answer:
    """All attributes of the instances that the path names; bulk data as URLs. 304 if the caller has them.

    The ETag follows from the files, the URLs and the form; it is weak for XML, whose boundary is never the same.
    """
    as_xml = answers.wants_xml(request)
    found = documents(request.context, request.path["parent"], DicomPath.parse(request.path["dicomWebPath"]))
    root = root_url(request)
    etag = ("W/" if as_xml else "") + answers.entity_tag([blob for blob, _ in found], root, "xml" if as_xml else "json")
    if request.method.http == "GET" and (same := answers.unchanged(request, etag)) is not None:
        return same
    answer = answers.documents([document for _, document in found], root, as_xml=as_xml)
    answer.headers["etag"] = etag
    return answer
