#!/usr/bin/env bash
# Packs the libraries, takes them from a feed into an empty program, and runs samples/ToyNetwork.cs there on cpu and on the emulated kernels.
# Other packages come from nuget.org. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for library in Storage Engine Imaging Training Segmentation; do
  dotnet pack -c Release -m:1 -nodeReuse:false -v quiet -o "$work/feed" "src/$library"
done
version=$(basename "$work"/feed/UnpairedSegEngine.Engine.*.nupkg .nupkg)
version=${version#UnpairedSegEngine.Engine.}

mkdir "$work/program"
sed '/^#:/d' samples/ToyNetwork.cs > "$work/program/Program.cs"
cat > "$work/program/nuget.config" << EOF
<configuration>
  <packageSources><clear /><add key="packed" value="$work/feed" /><add key="nuget.org" value="https://api.nuget.org/v3/index.json" /></packageSources>
  <packageSourceMapping>
    <clear />
    <packageSource key="packed"><package pattern="UnpairedSegEngine.*" /></packageSource>
    <packageSource key="nuget.org"><package pattern="*" /></packageSource>
  </packageSourceMapping>
</configuration>
EOF
cat > "$work/program/Program.csproj" << EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <TieredCompilation>false</TieredCompilation>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="UnpairedSegEngine.Segmentation" Version="$version" /></ItemGroup>
</Project>
EOF

# Packages of their own: those of this version that the machine knows already may be older.
export NUGET_PACKAGES="$work/packages"
dotnet build -c Release -m:1 -nodeReuse:false -v quiet "$work/program"
for device in cpu emulated; do
  dotnet "$work/program/bin/Release/net10.0/Program.dll" "$device" | tee "$work/$device"
  loss=$(tail -1 "$work/$device" | sed 's/.*loss //')
  awk -v loss="$loss" 'BEGIN { exit !(loss < 0.1) }' || { echo "$device: XOR was not learned, loss $loss" >&2; exit 1; }
done
