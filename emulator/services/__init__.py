"""One package per Google service; each exports SERVICE."""
