# Without rsync.
dpkg --purge --force-depends rsync 2>/dev/null
