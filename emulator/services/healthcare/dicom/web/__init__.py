"""DICOMweb (PS3.18) as Cloud Healthcare answers it, one module a transaction."""
