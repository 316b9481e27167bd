# usage: round_trip.sh PROGRAM -- every text must come back unchanged, and English must shrink.
set -eu
huff=$1
texts=$(dirname "$0")
cp "$texts/english.txt" english
for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$texts/english.txt"; done > long
: > empty
printf 'aaaaaaaaaaaaaaaaaaaa' > same
printf '\000\001\377\200' > binary
: > report.txt
for name in english long empty same binary; do
    "$huff" pack "$name" "$name.huf"
    "$huff" unpack "$name.huf" "$name.back"
    cmp "$name" "$name.back"
    echo "$name: $(wc -c < "$name") bytes, packed $(wc -c < "$name.huf")" | tee -a report.txt
done
if [ "$(wc -c < long.huf)" -ge "$(wc -c < long)" ]; then
    echo "long: did not shrink" >&2
    exit 1
fi
if "$huff" unpack english wrong 2> /dev/null; then
    echo "a file that is not packed was accepted" >&2
    exit 1
fi
echo "all texts came back unchanged"
