#!/usr/bin/env bash
# Builds a container and computes in it: make test-container. With docker, podman or apptainer if one of them works here, else the same steps
# in a bare Debian made by debootstrap (needs root). Nothing is left behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
what="hpcx --version && hpcx info && mpirun -n 2 hpcx run /opt/hpcx/inputs/trion_quickstart.toml --set sweep.mesh.N=[24,28] --set output.directory=/tmp/out &&
    hpcx show /tmp/out && /opt/hpcx/.venv/bin/python /opt/hpcx/postprocess/binding_energies.py /tmp/out/sweep.h5 && ls -l /tmp/out/*.png"

works() { command -v "$1" >/dev/null && "$1" info >/dev/null 2>&1; }

image() {    # docker or podman
    echo "== container test with $1"
    "$1" build -q -f jobs/Dockerfile -t hpcx-test .
    trap "$1 rmi -f hpcx-test >/dev/null" EXIT
    "$1" run --rm hpcx-test bash -c "$what"
}

apptainer_image() {
    echo "== container test with apptainer"
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    apptainer build "$place/hpcx.sif" jobs/hpcx.def
    apptainer exec --containall "$place/hpcx.sif" bash -c "$what"
}

bare_debian() {    # the steps of the recipes without a builder
    echo "== container test in a Debian of debootstrap: the steps of jobs/Dockerfile, not its builder"
    place=$(mktemp -d)
    chmod 755 "$place"
    trap 'umount "$place/proc" "$place/dev/shm" 2>/dev/null || true; rm -rf --one-file-system "$place"' EXIT
    debootstrap --variant=minbase bookworm "$place" > "$place.log" 2>&1 || { tail -n 5 "$place.log"; exit 1; }
    rm "$place.log"
    mount -t proc proc "$place/proc"
    mkdir -p "$place/dev/shm" "$place/opt/hpcx"
    mount -t tmpfs tmpfs "$place/dev/shm"
    # how this machine reaches the package index: its certificates and settings of pip
    cp /etc/resolv.conf "$place/etc/"
    cp /etc/pip.conf "$place/etc/" 2>/dev/null || true
    mkdir -p "$place/usr/local/share/ca-certificates" && cp /usr/local/share/ca-certificates/*.crt "$place/usr/local/share/ca-certificates/" 2>/dev/null || true
    sed -n 's/^COPY \(.*\) .*/\1/p' jobs/Dockerfile | xargs -n 1 | xargs -I NAME cp -r NAME "$place/opt/hpcx/"
    find "$place/opt/hpcx" -name __pycache__ -prune -exec rm -rf {} +
    local settings
    mapfile -t settings < <(env | grep -E '^(PIP_|SSL_CERT_FILE=|https?_proxy=|no_proxy=|HTTPS?_PROXY=|NO_PROXY=)' | grep -v PIP_FIND_LINKS)
    local inside=(env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root "${settings[@]}")
    chroot "$place" "${inside[@]}" bash /opt/hpcx/jobs/container.sh 2>&1 | grep -v '^\(Get\|Selecting\|Preparing\|Unpacking\|Setting up\|(Reading\)'
    local variables
    variables=$(sed -n 's/^ENV //p' jobs/Dockerfile)
    # shellcheck disable=SC2086
    chroot "$place" "${inside[@]}" $variables bash -c "$what"
}

if works docker; then image docker
elif works podman; then image podman
elif command -v apptainer >/dev/null; then apptainer_image
elif [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null; then bare_debian
else echo "== container test skipped: no docker, podman or apptainer that works here, and no debootstrap with root"; exit 0; fi
echo "== container test passed"
