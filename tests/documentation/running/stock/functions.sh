# What arrangements of pages are written with. The variables are those of `python -m emulator env`.

# ask METHOD PATH [BODY]: a request to the emulator, as the owner.
ask() {
    curl -sSf -X "$1" -H "Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN" -H "Content-Type: application/json" \
        "$HEALTHCARE_EMULATOR_HOST$2" ${3+--data-binary "$3"}
}

# json_of PAGE WORD: the page's block of JSON that has the word, for this project and its location.
json_of() {
    awk -v word="$2" '/^```json$/ {block = ""; inside = 1; next}
        /^```$/ {if (inside && index(block, word)) printf "%s", block; inside = 0}
        inside {block = block $0 "\n"}' "$1" | sed "s|projects/P/locations/L/|projects/$GOOGLE_CLOUD_PROJECT/locations/us-central1/|"
}

# bucket NAME...: buckets that are no part of the stack, which the service agents of Healthcare and Pub/Sub use.
bucket() {
    local api name number
    number=$(ask GET "/v1/projects/$GOOGLE_CLOUD_PROJECT" | jq -r .projectNumber)
    for api in healthcare pubsub; do
        ask POST "/v1/projects/$GOOGLE_CLOUD_PROJECT/services/$api.googleapis.com:enable" "{}" > made.json
        ask POST "/v1beta1/projects/$GOOGLE_CLOUD_PROJECT/services/$api.googleapis.com:generateServiceIdentity" "{}" \
            > made.json
    done
    for name; do
        ask POST "/storage/v1/b?project=$GOOGLE_CLOUD_PROJECT" "{\"name\": \"$name\"}" > made.json
        ask GET "/storage/v1/b/$name/iam" | jq --arg number "$number" '.bindings += [{role: "roles/storage.admin", members: [
            "serviceAccount:service-\($number)@gcp-sa-healthcare.iam.gserviceaccount.com",
            "serviceAccount:service-\($number)@gcp-sa-pubsub.iam.gserviceaccount.com"]}]' > policy.json
        ask PUT "/storage/v1/b/$name/iam" @policy.json > made.json
    done
    rm policy.json made.json
}

# put FILE BUCKET NAME: the file as an object.
put() {
    ask POST "/upload/storage/v1/b/$2/o?uploadType=media&name=$(jq -rn --arg name "$3" '$name | @uri')" "@$1" > /dev/null
}

# studies: the UIDs of the store's studies of patients with films, a line each.
studies() {
    python -m scripts search studies 'PatientName=*' --json --limit 0 | jq -r '.[]["0020000D"].Value[0]'
}

# series STUDY: the UID of a series of a study.
series() {
    python -m scripts search series "StudyInstanceUID=$1" --json | jq -r '.[0]["0020000E"].Value[0]'
}

a_study() { studies | tail -n 1; }
a_series() { series "$(a_study)"; }
a_patient() { python -m scripts search studies 'PatientName=*' --json | jq -r '.[-1]["00100020"].Value[0]'; }
another_study() { studies | tail -n 2 | head -n 1; }
another_series() { series "$(another_study)"; }

# on_google: a shell whose stacks are of no emulator, with a login of its own, and yet led to the emulator by variables.
on_google() {
    local line
    eval "$(python -m emulator env)"
    while read -r line; do export "$line"; done < <(python -m tests.documentation.running.endpoints)
    export PULUMI_HOME="$HOME/.pulumi" PULUMI_BACKEND_URL="file://$HOME/notes"
    export PULUMI_CONFIG_PASSPHRASE_FILE="$HOME/.pulumi-trial-passphrase"
    mkdir -p "$HOME/notes"
    echo trial > "$PULUMI_CONFIG_PASSPHRASE_FILE"
}

# with_stack NAME: a stack on_google, made of the pattern.
with_stack() {
    on_google
    [ -e "Pulumi.$1.yaml" ] || cp Pulumi.dev.yaml "Pulumi.$1.yaml"
    eval "$(scripts/setup --env "$1")"
    pulumi stack select "$1" 2> /dev/null || pulumi stack init "$1"
    pulumi config set gcp:project "$GOOGLE_CLOUD_PROJECT"
}

# in_vain LINE: succeeds where the line fails.
in_vain() { if (eval "$1"); then return 1; fi; }

# runs PROCESS: whether a job of this shell has not ended.
runs() { jobs -rp | grep -qx "$1"; }

# staying LINE CONDITION: runs a line in the background, and waits until the condition holds.
stayed=()
staying() {
    eval "$1" &
    stayed+=("$!")
    until eval "$2" > /dev/null 2>&1; do
        runs "${stayed[-1]}" || return 1
        sleep 0.1
    done
}

# stay_on: fails where something ended that was to stay.
stay_on() {
    local process
    for process in ${stayed[@]+"${stayed[@]}"}; do runs "$process" || return 1; done
}
