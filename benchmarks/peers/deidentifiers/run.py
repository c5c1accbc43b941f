"""De-identify every file of a folder with one package, in its environment; prints the seconds of the processor.

Usage: run.py PACKAGE SOURCE TARGET. What a package does on import, and on its first file, is not counted.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

Work = Callable[[Path, Path], object]


def dicognito() -> Work:
    """Its anonymizer with a fixed seed, over pydicom."""
    read = import_module("pydicom").dcmread
    anonymizer = import_module("dicognito.anonymizer").Anonymizer(seed="benchmark")

    def work(source: Path, target: Path) -> None:
        dataset = read(source)
        anonymizer.anonymize(dataset)
        dataset.save_as(target)

    return work


def deid() -> Work:
    """Its own default recipe, and private attributes removed, over pydicom."""
    replace = import_module("deid.dicom").replace_identifiers
    recipe = import_module("deid.config").DeidRecipe()

    def work(source: Path, target: Path) -> None:
        (dataset,) = replace([str(source)], deid=recipe, save=False, remove_private=True, disable_skip=True)
        dataset.save_as(target)

    return work


def dicom_anonymizer() -> Work:
    """Its rules of PS3.15, over pydicom."""
    anonymize = import_module("dicomanonymizer").anonymize_dicom_file
    return lambda source, target: anonymize(str(source), str(target))


PACKAGES: dict[str, Callable[[], Work]] = {
    "dicognito": dicognito,
    "deid": deid,
    "dicom-anonymizer": dicom_anonymizer,
}


def main() -> None:
    """Run the package that is named."""
    work, source, target = PACKAGES[sys.argv[1]](), Path(sys.argv[2]), Path(sys.argv[3])
    files = sorted(source.iterdir())
    work(files[0], target / files[0].name)
    began = time.process_time()
    for file in files:
        work(file, target / file.name)
    print(time.process_time() - began)


if __name__ == "__main__":
    main()
