"""Metadata of studies, series, instances (PS3.18 10.4.1.1.2): stored documents, joined."""

from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import SERVICE
from emulator.services.healthcare.dicomweb import answers
from emulator.services.healthcare.dicomweb.find import instances, root_url
from emulator.services.healthcare.names import DicomPath

_STUDIES = "healthcare.projects.locations.datasets.dicomStores.studies"
_READ = "healthcare.dicomStores.dicomWebRead"


@SERVICE.handles(f"{_STUDIES}.retrieveMetadata", permission=_READ)
@SERVICE.handles(f"{_STUDIES}.series.retrieveMetadata", permission=_READ)
@SERVICE.handles(f"{_STUDIES}.series.instances.retrieveMetadata", permission=_READ)
async def retrieve_metadata(request: Request) -> Answer:
    """Give all attributes of the instances that the path names; bulk data as URLs."""
    as_xml = answers.wants_xml(request)
    rows = instances(request.emulator, request.path["parent"], DicomPath.parse(request.path["dicomWebPath"]))
    read = request.emulator.db.one
    sql = "SELECT document FROM dicom_metadata WHERE instance = ?"
    documents = [found[0] for row in rows if (found := read(sql, (row.id,))) is not None]
    return answers.documents(documents, root_url(request), as_xml=as_xml)
