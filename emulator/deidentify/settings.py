"""All that a DeidentifyConfig says, v1 or v1beta1, as one object that processes can be given."""

from dataclasses import dataclass, field

from emulator.deidentify.dicom.rules import DicomRules
from emulator.deidentify.fhir.rules import FhirRules
from emulator.deidentify.image.rules import ImageRules
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import models
from emulator.deidentify.text.cleaner import Cleaner
from emulator.deidentify.text.rules import TextRules


@dataclass(frozen=True)
class Metadata:
    """A FHIR store that is told of a run, by its full name, and the run's DeidentifyConfig as JSON without its keys."""

    store: str
    config: str


@dataclass(frozen=True)
class Settings:
    """The key of a run, and the rules for each kind of content. The same settings make the same of the same data."""

    secret: Secret = field(repr=False)
    dicom: DicomRules = field(default_factory=DicomRules)
    text: TextRules = field(default_factory=TextRules)
    fhir: FhirRules = field(default_factory=FhirRules)
    image: ImageRules = field(default_factory=ImageRules)
    image_text: TextRules = field(default_factory=TextRules)
    """What counts as sensitive in pixels."""
    metadata: Metadata | None = None
    """Where it is told what was done to DICOM, and how (operationMetadata.fhirOutput)."""
    model: str = ""
    """The model that finds names in texts beside the rules (text/models.py); "" for none."""

    def cleaner(self) -> Cleaner:
        """What cleans texts. Raises ModelMissing."""
        return Cleaner(self.text, self.secret, self._model())

    def image_cleaner(self) -> Cleaner:
        """What says which texts of pixels are sensitive. Raises ModelMissing."""
        return Cleaner(self.image_text, self.secret, self._model())

    def _model(self) -> models.Model | None:
        return models.named(self.model) if self.model else None
