#!/usr/bin/env bash
# flink.sh JAR: the rows of a run on Flink, in one Java process, are those of a local run. JAR is Beam's Flink job server
# (beam-runners-flink-1.19-job-server), of the same version as apache-beam here. Not run by this project: no registry at
# hand serves the jar.
set -euo pipefail
cd "$(dirname "$0")/../.."
jar=${1:?usage: tests/engines/flink.sh JAR}
[ -f "$jar" ] || { echo "$jar: no such file" >&2; exit 2; }
command -v java > /dev/null || { echo "java is not there" >&2; exit 2; }
out=$(mktemp -d)
java -jar "$jar" --flink-master='[local]' --job-host=localhost --job-port=8099 --artifact-port=8098 --expansion-port=0 > "$out/flink.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$out"' EXIT
for _ in $(seq 120); do
    python -c 'import socket; socket.create_connection(("localhost", 8099), 1)' 2>/dev/null && break
    kill -0 $server 2>/dev/null || { cat "$out/flink.log" >&2; exit 1; }
    sleep 0.5
done
sample=configs/sample/sample.warc.gz
curate run quickstart --input "$sample" --output "$out/here" --workers 1
curate run quickstart --input "$sample" --output "$out/there" -- --runner PortableRunner --job_endpoint localhost:8099 \
    --artifact_endpoint localhost:8098 --environment_type LOOPBACK --parallelism 2
python -c '
import sys
from tests.curate.running_tools import content
from pathlib import Path
here, there = (content(Path(folder)) for folder in sys.argv[1:])
sys.exit(None if here == there else "the rows differ")
' "$out/here" "$out/there"
echo "the rows are the same"
