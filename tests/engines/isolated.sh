#!/usr/bin/env bash
# isolated.sh COMMAND...: run a command as nobody, in mount, pid and ipc namespaces of its own. Its root holds the
# system and the folders that CURATE_TEST_VISIBLE names (separated by colons), all read-only, a copy of the packages
# in CURATE_TEST_CODE with their compiled kernels, and an empty /tmp. What the driver reads and writes is not there.
# Needs root; the network is shared, so the engine can be reached.
set -euo pipefail
exec unshare --mount --pid --ipc --fork --kill-child --propagation private bash -c '
set -euo pipefail
root=/mnt
mount -t tmpfs -o mode=755 tmpfs $root
IFS=: read -ra visible <<< "/usr:/lib:/lib64:/bin:/sbin:/etc:$CURATE_TEST_VISIBLE"
for folder in "${visible[@]}"; do
    [ -e "$folder" ] || continue
    mkdir -p "$root$folder"
    mount --rbind "$folder" "$root$folder"
    mount -o remount,bind,ro "$root$folder"
done
mkdir -p $root/proc $root/tmp $root/dev/shm
chmod 1777 $root/tmp $root/dev/shm
for device in null zero random urandom; do
    touch $root/dev/$device
    mount --bind /dev/$device $root/dev/$device
done
mount -t proc proc $root/proc
mkdir $root/code
for package in curate pipelines filters tests; do cp -a "$CURATE_TEST_CODE/$package" $root/code/; done
chmod -R a+rwX $root/code
cd /
exec chroot --userspec=65534:65534 $root env HOME=/tmp TMPDIR=/tmp PYTHONPATH="/code:${PYTHONPATH:-}" "$@"
' isolated "$@"
