# With a Python of its own below /opt, as people have who build one: a copy of the system's. It says
# itself where it lies (sys.base_prefix), and shares no file with the one that Ansible uses.
version=$(python3 -c 'import sys; print("{}.{}".format(*sys.version_info))')
root=/opt/python$version

install -d "$root/bin" "$root/lib"
cp -a "$(readlink -f /usr/bin/python3)" "$root/bin/python$version"
cp -a "/usr/lib/python$version" "$root/lib/"
