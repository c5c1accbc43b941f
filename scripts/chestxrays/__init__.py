"""The NIH chest X-rays (ChestX-ray14): its archive and labels, its films as DICOM, its labels as a table."""
