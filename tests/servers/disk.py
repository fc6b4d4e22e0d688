"""A real file system on a file, whose power can be cut: what was not synced
then, is lost."""

import os
import shutil
import subprocess
from pathlib import Path

from .process import Missing, find_program


def run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{' '.join(argv)}: {done.stderr}")


class Disk:
    """path: where it is mounted.  commit: nothing is written by itself."""

    def __init__(self, folder: Path, mebibytes: int = 32) -> None:
        if os.geteuid() != 0:
            raise Missing("only root may mount a disk")
        self.image = folder / "disk.img"
        self.path = folder / "disk"
        self.path.mkdir(exist_ok=True)
        self.image.unlink(missing_ok=True)
        with self.image.open("wb") as out:
            out.truncate(mebibytes << 20)
        run(find_program("mkfs.ext4", "e2fsprogs"), "-q", str(self.image))
        self.mounted = False
        self.mount()

    def mount(self) -> None:
        run("mount", "-o", "loop,commit=900", str(self.image), str(self.path))
        self.mounted = True

    def sync(self) -> None:
        run("sync", "-f", str(self.path))

    def cut(self) -> None:
        """Off and on again: the image as it is now, not as it would become by
        an orderly end."""
        copy = self.image.with_suffix(".copy")
        shutil.copyfile(self.image, copy)
        self.remove()
        copy.replace(self.image)
        self.mount()

    def remove(self) -> None:
        if self.mounted:
            run("umount", str(self.path))
            self.mounted = False
