"""Checks the manifests beside this file: see check-manifests."""

import copy
import pathlib
import re
import sys

import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).parent
VERSION = "1.37"
failures = []


def check(what, holds):
    print(("seen: " if holds else "FAILED: ") + what)
    if not holds:
        failures.append(what)


def error_of(manifest):
    """What the schema says against a manifest, or None."""
    try:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    except Exception as error:  # the library has several, one for each kind of mistake
        return (str(error).splitlines() or [type(error).__name__])[0]
    return None


manifests = {}
for file in sorted(HERE.glob("*.yml")):
    for manifest in yaml.safe_load_all(file.read_text()):
        error = error_of(manifest)
        check(f"{file.name} is a {manifest['kind']} as Kubernetes {VERSION} has it", error is None)
        if error:
            print(f"  {error}")
        manifests[manifest["kind"]] = manifest

deployment, service = manifests["Deployment"], manifests["Service"]
settings = manifests["ConfigMap"]["data"]
pod = deployment["spec"]["template"]
container = pod["spec"]["containers"][0]
port = container["ports"][0]
label = {"app": "sprint-service"}

others = [manifest for kind, manifest in manifests.items() if kind != "Namespace"]
check("all is in the namespace dsm", manifests["Namespace"]["metadata"]["name"] == "dsm"
      and all(manifest["metadata"]["namespace"] == "dsm" for manifest in others))
check("all has the label app=sprint-service", all(m["metadata"]["labels"] == label for m in others))
check("deployment and service find the pod by it", pod["metadata"]["labels"] == label
      == deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"])
check("the image is sprint-service:1.2.0", container["image"] == "sprint-service:1.2.0")
check("the service is on port 80 and leads to the container's", service["spec"]["ports"][0]["port"] == 80
      and service["spec"]["ports"][0]["targetPort"] == port["name"]
      and str(port["containerPort"]) == settings["PORT"])

# The system merges the probes of the admin crate into its routes.
routes = (HERE / "../../../crates/fusebox-admin/src/readiness.rs").read_text()
for probe in ("livenessProbe", "readinessProbe"):
    get = container[probe]["httpGet"]
    check(f"{probe} asks a route that there is", f'.route("{get["path"]}"' in routes
          and get["port"] == port["name"])

read = "".join((HERE / f"../../{file}").read_text()
               for file in ("src/sprint_service/settings.rs", "src/hosting.rs",
                            "../crates/fusebox/src/compat/error_ratio.rs"))
check("the container has the config map", container["envFrom"][0]["configMapRef"]["name"]
      == manifests["ConfigMap"]["metadata"]["name"])
check("the service reads every variable of the config map",
      all(f'"{name}"' in read for name in settings))
user = pod["spec"]["securityContext"]
image_user = re.search(r"^USER (\d+):", (HERE / "../Containerfile").read_text(), re.M).group(1)
check("it runs as the user of the image, never as root",
      user["runAsNonRoot"] and str(user["runAsUser"]) == image_user != "0")
claims = [volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"]["volumes"]]
check("its data folder is on the claim", claims == [manifests["PersistentVolumeClaim"]["metadata"]["name"]]
      and container["volumeMounts"][0]["mountPath"] == settings["DATA_DIR"])
check("one pod at a time", deployment["spec"]["replicas"] == 1
      and deployment["spec"]["strategy"]["type"] == "Recreate")


def broken(change):
    manifest = copy.deepcopy(deployment)
    change(manifest)
    return error_of(manifest)


for what, change in {
    "a number of replicas in words": lambda m: m["spec"].update(replicas="one"),
    "a misspelt field": lambda m: m["spec"].update(replica=1),
    "no selector": lambda m: m["spec"].pop("selector"),
    "a probe without a port": lambda m: m["spec"]["template"]["spec"]["containers"][0][
        "livenessProbe"]["httpGet"].pop("port"),
    "a kind that there is not": lambda m: m.update(kind="Deploymnt"),
}.items():
    error = broken(change)
    check(f"refused: {what}", error is not None)
    print(f"  {error}")

print(f"{len(failures)} failed" if failures else "the manifests are as they should be")
sys.exit(bool(failures))
