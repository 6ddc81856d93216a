export const id = 87;
export const ids = [87];
export const modules = {

/***/ 21087:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  demoCommand: () => (/* binding */ demoCommand)
});

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: external "node:timers/promises"
var external_node_timers_promises_ = __webpack_require__(58500);
// EXTERNAL MODULE: ./node_modules/yaml/dist/index.js
var dist = __webpack_require__(38815);
// EXTERNAL MODULE: ./src/render/escape.ts
var render_escape = __webpack_require__(57789);
// EXTERNAL MODULE: ./src/render/words.ts
var words = __webpack_require__(35933);
// EXTERNAL MODULE: ./src/simulator/index.ts + 70 modules
var src_simulator = __webpack_require__(16018);
;// CONCATENATED MODULE: ./src/cli/demo/claims.ts
/** Holds what the action claimed against what the simulated Azure counted. Knows nothing of how the action works. */

const RESULTS = ['passed', 'failed', 'unknown'];
/** Reads the outputs and the report that they name. */
async function readClaims({ outputs }) {
    const unreadable = [];
    const result = RESULTS.find((one) => one === outputs.result);
    if (result === undefined) {
        unreadable.push(outputs.result === undefined
            ? 'the step set no output result'
            : `output result is ${JSON.stringify(outputs.result)}, none of ${RESULTS.join(', ')}`);
    }
    const reportPath = outputs.report ?? '';
    let report;
    // A run that could not be carried through has none to give.
    if (reportPath === '') {
        if (result !== 'unknown')
            unreadable.push('the step named no report in its output report');
    }
    else {
        try {
            report = reportClaims(JSON.parse(await (0,promises_.readFile)(reportPath, 'utf8')));
        }
        catch (error) {
            unreadable.push(`report.json can't be read: ${error instanceof Error ? error.message : String(error)}`);
        }
    }
    return {
        result,
        changed: outputs.changed === 'true',
        verified: outputs.verified === 'true',
        digest: outputs.digest ?? '',
        roleAssignmentId: outputs['role-assignment-id'] ?? '',
        reportPath,
        report,
        unreadable,
    };
}
function at(value, key) {
    return typeof value === 'object' && value !== null ? value[key] : undefined;
}
function list(value) {
    return Array.isArray(value) ? value : [];
}
function reportClaims(report) {
    const connections = list(at(report, 'connections'));
    const pulls = connections.flatMap((connection) => list(at(connection, 'pulls')));
    const poolsOf = (some) => [
        ...new Set(some.map((pull) => at(pull, 'nodePool')).filter((pool) => typeof pool === 'string')),
    ];
    const good = pulls.filter((pull) => at(pull, 'status') === 'pass');
    return {
        result: at(report, 'result'),
        pools: poolsOf(good),
        content: poolsOf(good.filter((pull) => at(pull, 'proved') === 'content')),
        changed: connections.some((connection) => at(connection, 'changed') === true),
    };
}
/** Everything that is wrong between the two, a sentence each; empty when all that was claimed happened. */
function compare(claims, step, count, left, state) {
    const { result, report } = claims;
    const pools = report?.pools ?? [];
    const good = step.exitCode === 0;
    const wrong = [
        [good && result !== 'passed', `the step ended with 0, but its result is ${result ?? 'missing'}`],
        [!good && result === 'passed', `the step claims passed, but ended with ${step.exitCode}`],
        [step.postExitCode !== 0, `the post step ended with ${step.postExitCode}`],
        [
            report !== undefined && report.result !== result,
            `output result says ${result ?? 'nothing'}, report.json says ${JSON.stringify(report?.result)}`,
        ],
        [
            report !== undefined && report.changed !== claims.changed,
            `output changed says ${claims.changed}, report.json says ${report?.changed}`,
        ],
        [
            claims.changed !== count.grantsMade.length > 0,
            `output changed says ${claims.changed}, but ${count.grantsMade.length} role assignments were made`,
        ],
        [count.grantsMade.length > 1, `${count.grantsMade.length} role assignments were made, and one is enough`],
        [
            !claims.changed && count.writes > 0 && result === 'passed',
            `nothing was to be changed, but ${count.writes} requests that change something reached Azure Resource Manager`,
        ],
        [
            claims.changed && !knownAssignment(state, claims.roleAssignmentId),
            `output role-assignment-id names no role assignment that exists: ${JSON.stringify(claims.roleAssignmentId)}`,
        ],
        [result === 'passed' && !claims.verified, 'the result is passed, but output verified is not true'],
        [
            claims.verified && result !== 'passed',
            `output verified is true, but the result is ${result ?? 'missing'}`,
        ],
        [claims.verified && pools.length === 0, 'output verified is true, but the report holds no good pull'],
        [
            pools.length > 0 && count.manifests < pools.length,
            `${pools.length} node pools are said to have pulled, but the registry gave a manifest to the kubelet identity ${count.manifests} times`,
        ],
        [
            (report?.content.length ?? 0) > count.blobs,
            `layers are said to have come over the wire on ${report?.content.length} node pools, but the registry sent the kubelet identity to fetch blobs ${count.blobs} times`,
        ],
        [
            claims.verified && !knownDigest(state, claims.digest),
            `output digest is no manifest of the registry: ${JSON.stringify(claims.digest)}`,
        ],
        [report !== undefined && step.summary.trim() === '', 'the step wrote no summary page'],
        [left.length > 0, `left behind in the cluster: ${left.join(', ')}`],
        [
            count.notModelled.length > 0,
            `requests that the simulated Azure does not model: ${count.notModelled.join(', ')}`,
        ],
    ];
    return [...claims.unreadable, ...wrong.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence)];
}
/** Nodes that have never pulled from here must exchange a token each; later ones may use what they hold. */
function compareFirst({ report }, { exchanges }) {
    const pools = report?.pools.length ?? 0;
    return exchanges < pools
        ? [
            `${pools} node pools are said to have pulled, but the registry exchanged a token for the kubelet identity ${exchanges} times`,
        ]
        : [];
}
function knownAssignment({ roleAssignments }, id) {
    const wanted = id.toLowerCase();
    return roleAssignments.some(({ scope, name }) => `${scope}/providers/microsoft.authorization/roleassignments/${name}`.toLowerCase() === wanted);
}
function knownDigest({ registries }, digest) {
    const digests = digest.split('\n');
    return digests.every((one) => registries.some(({ repositories }) => repositories.some(({ manifests }) => manifests.has(one))));
}

// EXTERNAL MODULE: ./node_modules/undici/index.js
var undici = __webpack_require__(24371);
;// CONCATENATED MODULE: ./src/cli/demo/cluster-contents.ts
/** What stands in a simulated cluster, asked of its API server as an administrator of its own, not as the action under test. */

/** All that a probe may consist of. */
const KINDS = {
    job: '/apis/batch/v1/jobs',
    pod: '/api/v1/pods',
    'service account': '/api/v1/serviceaccounts',
};
/** Names such as `job default/probe-1`, of all clusters. */
async function clusterContents({ state, context, proxyUrl }) {
    const found = await Promise.all(state.clusters
        .filter(({ powerState }) => powerState === 'Running')
        .map(async (cluster) => {
        const authority = await context.clusterAuthority(cluster);
        const { certificate, key } = await authority.client('demo', ['system:masters']);
        const agent = new undici/* ProxyAgent */.kT({
            uri: proxyUrl,
            requestTls: { ca: authority.certificate, cert: certificate, key },
        });
        try {
            const lists = await Promise.all(Object.entries(KINDS).map(async ([kind, path]) => {
                const { statusCode, body } = await (0,undici/* request */.Em)(`https://${cluster.fqdn}${path}`, {
                    dispatcher: agent,
                });
                if (statusCode !== 200)
                    throw new Error(`cluster ${cluster.name} answered ${statusCode} for ${path}`);
                const { items } = (await body.json());
                return items.map(({ metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
            }));
            return lists.flat();
        }
        finally {
            await agent.close();
        }
    }));
    return found.flat();
}

;// CONCATENATED MODULE: ./src/cli/demo/count.ts
/** Begins to count; the function returned tells what came since. */
function beginCount({ state, requests }) {
    const from = requests.length;
    const before = new Set(assignmentNames(state));
    return () => {
        const since = requests.slice(from);
        const kubelets = kubeletNames(state);
        const byKubelet = (record, status = 200) => record.status === status && record.caller !== undefined && kubelets.has(record.caller);
        return {
            grantsMade: assignmentNames(state).filter((name) => !before.has(name)),
            writes: since.filter(isWrite).length,
            exchanges: since.filter((one) => byKubelet(one) && one.path.startsWith('/oauth2/exchange')).length,
            manifests: since.filter((one) => byKubelet(one) && /^\/v2\/.+\/manifests\//.test(one.path)).length,
            blobs: since.filter((one) => byKubelet(one, 307) && /^\/v2\/.+\/blobs\//.test(one.path)).length,
            requests: since.length,
            notModelled: since
                .filter(({ modelled }) => !modelled)
                .map(({ method, host, path }) => `${method} ${host}${path}`),
        };
    };
}
function assignmentNames(state) {
    return state.roleAssignments.map(({ name }) => name.toLowerCase());
}
function kubeletNames({ clusters, principals }) {
    const objectIds = new Set(clusters.flatMap(({ kubeletIdentity }) => kubeletIdentity?.objectId.toLowerCase() ?? []));
    return new Set(principals.filter(({ objectId }) => objectIds.has(objectId.toLowerCase())).map(({ name }) => name));
}
/** A POST of Azure Resource Manager that is named list… or check… reads (azure-resource-manager-rpc, "POST actions"). */
function isWrite({ service, method, path }) {
    if (service !== 'arm')
        return false;
    if (method === 'POST')
        return !/\/(list|check)\w*$/i.test(path.split('?')[0] ?? '');
    return method !== 'GET' && method !== 'HEAD';
}

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(31421);
// EXTERNAL MODULE: external "node:readline"
var external_node_readline_ = __webpack_require__(80481);
// EXTERNAL MODULE: ./src/core/inputs.ts
var core_inputs = __webpack_require__(89114);
;// CONCATENATED MODULE: ./src/cli/demo/workflow-commands.ts
/**
 * What GitHub's runner reads from a step: commands in its output, and the files that it appends to. As
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands describes them.
 */
const COMMAND = /^::([a-z][\w-]*)(?: ([^]*?))?::([^]*)$/i;
/** Reads one line. */
function readOutputLine(line) {
    const match = COMMAND.exec(line.trimStart());
    if (match === null)
        return { kind: 'text', text: line };
    const [, name = '', properties = '', data = ''] = match;
    const message = unescaped(data);
    switch (name) {
        case 'group':
            return { kind: 'group', title: message };
        case 'endgroup':
            return { kind: 'end-group' };
        case 'add-mask':
            return { kind: 'mask', value: message };
        case 'debug':
            return { kind: 'debug', message };
        case 'error':
        case 'warning':
        case 'notice': {
            const title = /(?:^|,)title=([^,]*)/.exec(properties)?.[1];
            return {
                kind: 'annotation',
                level: name,
                message,
                ...(title === undefined ? {} : { title: unescaped(title) }),
            };
        }
        default:
            return { kind: 'text', text: line };
    }
}
function unescaped(text) {
    return text
        .replace(/%0A/gi, '\n')
        .replace(/%0D/gi, '\r')
        .replace(/%3A/gi, ':')
        .replace(/%2C/gi, ',')
        .replace(/%25/g, '%');
}
/** The names and values of a GITHUB_OUTPUT or GITHUB_STATE file: `name=value`, or `name<<mark`, lines, `mark`. */
function readFileCommands(text) {
    const values = {};
    const lines = text.split(/\r?\n/);
    for (let index = 0; index < lines.length; index++) {
        const line = lines[index] ?? '';
        const [, multiline, mark] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
        if (multiline !== undefined && mark !== undefined) {
            const end = lines.indexOf(mark, index + 1);
            if (end === -1)
                throw new Error(`${multiline} has no end: ${mark} is missing`);
            values[multiline] = lines.slice(index + 1, end).join('\n');
            index = end;
            continue;
        }
        const equals = line.indexOf('=');
        if (equals > 0)
            values[line.slice(0, equals)] = line.slice(equals + 1);
    }
    return values;
}

;// CONCATENATED MODULE: ./src/cli/demo/runner.ts
/** One step of an action, run as GitHub's runner runs it: its environment and nothing else, its files, then its post step. */







/** A step that takes longer than this hangs. */
const LIMIT_MS = 300_000;
/** Runs main, then post with the state that main saved. */
async function runStep(step) {
    const files = await makeFiles(step.folder);
    const environment = { ...runnerEnvironment(step, files), ...inputVariables(step.inputs) };
    const began = Date.now();
    const exitCode = await runNode(step, environment);
    const durationMs = Date.now() - began;
    const state = readFileCommands(await (0,promises_.readFile)(files.GITHUB_STATE, 'utf8'));
    step.onPost();
    const postExitCode = await runNode(step, {
        ...environment,
        ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
    });
    return {
        exitCode,
        postExitCode,
        outputs: readFileCommands(await (0,promises_.readFile)(files.GITHUB_OUTPUT, 'utf8')),
        summary: await (0,promises_.readFile)(files.GITHUB_STEP_SUMMARY, 'utf8'),
        summaryPath: files.GITHUB_STEP_SUMMARY,
        durationMs,
    };
}
async function makeFiles(folder) {
    for (const name of ['temp', 'tools', 'work', 'home'])
        await (0,promises_.mkdir)((0,external_node_path_.join)(folder, name), { recursive: true });
    const files = {
        GITHUB_OUTPUT: (0,external_node_path_.join)(folder, 'output'),
        GITHUB_STATE: (0,external_node_path_.join)(folder, 'state'),
        GITHUB_STEP_SUMMARY: (0,external_node_path_.join)(folder, 'summary.md'),
        GITHUB_ENV: (0,external_node_path_.join)(folder, 'env'),
        GITHUB_PATH: (0,external_node_path_.join)(folder, 'path'),
    };
    for (const file of [...Object.values(files)])
        await (0,promises_.writeFile)(file, '');
    return files;
}
const RUNNER_OS = { win32: 'Windows', darwin: 'macOS' };
const RUNNER_ARCH = { x64: 'X64', ia32: 'X86', arm: 'ARM', arm64: 'ARM64' };
/**
 * The variables that a runner sets (docs.github.com, "Variables reference"), and of the machine's own only what every runner
 * has. Nothing of this process's environment gets through: no login, no setting.
 */
function runnerEnvironment({ job, folder }, files) {
    const [owner = ''] = job.repository.split('/');
    const temp = (0,external_node_path_.join)(folder, 'temp');
    return {
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION: '__self',
        GITHUB_ACTION_REPOSITORY: 'aks-acr-pull/aks-acr-pull',
        GITHUB_ACTOR: owner,
        GITHUB_ACTOR_ID: '1',
        GITHUB_API_URL: 'https://api.github.com',
        GITHUB_BASE_REF: '',
        GITHUB_EVENT_NAME: job.event,
        GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
        GITHUB_HEAD_REF: '',
        GITHUB_JOB: 'deploy',
        GITHUB_REF: job.ref,
        GITHUB_REF_NAME: job.ref.replace(/^refs\/(heads|tags)\//, ''),
        GITHUB_REF_PROTECTED: 'true',
        GITHUB_REF_TYPE: job.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
        GITHUB_REPOSITORY: job.repository,
        GITHUB_REPOSITORY_ID: '1',
        GITHUB_REPOSITORY_OWNER: owner,
        GITHUB_REPOSITORY_OWNER_ID: '1',
        GITHUB_RETENTION_DAYS: '90',
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_RUN_ID: '1',
        GITHUB_RUN_NUMBER: '1',
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_SHA: '0'.repeat(40),
        GITHUB_TRIGGERING_ACTOR: owner,
        GITHUB_WORKFLOW: 'deploy',
        GITHUB_WORKFLOW_REF: `${job.repository}/.github/workflows/deploy.yml@${job.ref}`,
        GITHUB_WORKFLOW_SHA: '0'.repeat(40),
        GITHUB_WORKSPACE: (0,external_node_path_.join)(folder, 'work'),
        RUNNER_ARCH: RUNNER_ARCH[(0,external_node_os_.arch)()] ?? 'X64',
        RUNNER_ENVIRONMENT: 'self-hosted',
        RUNNER_NAME: 'demo',
        RUNNER_OS: RUNNER_OS[process.platform] ?? 'Linux',
        RUNNER_TEMP: temp,
        RUNNER_TOOL_CACHE: (0,external_node_path_.join)(folder, 'tools'),
        ...files,
        ...(job.idToken === undefined
            ? {}
            : {
                ACTIONS_ID_TOKEN_REQUEST_URL: job.idToken.requestUrl,
                ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.idToken.requestToken,
            }),
        HOME: (0,external_node_path_.join)(folder, 'home'),
        LANG: 'C.UTF-8',
        // Node alone: whatever else is on this machine's PATH is none of a demo's business.
        PATH: (0,external_node_path_.dirname)(process.execPath),
        ...(process.platform === 'win32' && process.env.SystemRoot !== undefined
            ? { SystemRoot: process.env.SystemRoot }
            : {}),
        ...job.network,
    };
}
/** Every input that the action declares has its variable; those not given hold their default. */
function inputVariables(inputs) {
    const declared = core_inputs/* INPUTS */.m.filter(({ only }) => only === undefined || only.includes('github'));
    return Object.fromEntries(declared.map((declaration) => {
        const { default: preset = '' } = declaration;
        return [`INPUT_${declaration.name.toUpperCase()}`, inputs[declaration.name] ?? preset];
    }));
}
function runNode({ bundle, folder, signal, onLine }, environment) {
    return new Promise((resolve, reject) => {
        const child = (0,external_node_child_process_.spawn)(process.execPath, [bundle], {
            cwd: (0,external_node_path_.join)(folder, 'work'),
            env: environment,
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
        const interrupt = () => {
            child.kill('SIGINT');
        };
        signal.addEventListener('abort', interrupt, { once: true });
        if (signal.aborted)
            interrupt();
        // The runner reads both for commands.
        for (const stream of [child.stdout, child.stderr]) {
            (0,external_node_readline_.createInterface)({ input: stream, crlfDelay: Infinity }).on('line', (line) => onLine(readOutputLine(line)));
        }
        const done = () => {
            clearTimeout(limit);
            signal.removeEventListener('abort', interrupt);
        };
        child.once('error', (error) => {
            done();
            reject(error);
        });
        child.once('close', (code, killedBy) => {
            done();
            if (killedBy === 'SIGKILL')
                reject(new Error(`the step did not end within ${LIMIT_MS / 1000} s`));
            else
                resolve(code ?? 1);
        });
    });
}

// EXTERNAL MODULE: ./src/cli/exit-codes.ts
var exit_codes = __webpack_require__(28551);
// EXTERNAL MODULE: ./src/cli/interrupt.ts
var interrupt = __webpack_require__(44741);
// EXTERNAL MODULE: ./src/cli/scenario-file.ts
var scenario_file = __webpack_require__(93205);
// EXTERNAL MODULE: ./src/cli/terminal.ts
var cli_terminal = __webpack_require__(71028);
;// CONCATENATED MODULE: ./src/cli/demo.ts
/**
 * `demo`: the shipped action against a simulated Azure, as a GitHub runner would run it, twice in the same cloud. What it
 * claims is held against what the simulated Azure counted.
 */

















class Interrupted extends Error {
    name = 'Interrupted';
}
/**
 * Runs the demo.
 *
 * @returns the exit code: the action's own verdict, or failed when it claimed what did not happen
 */
async function demoCommand(options, terminal) {
    const out = new cli_terminal/* Lines */.q(terminal.stdout, terminal.environment);
    const errors = new cli_terminal/* Lines */.q(terminal.stderr, terminal.environment);
    const bundle = (0,external_node_path_.resolve)(options.bundle);
    if (!(0,external_node_fs_.existsSync)(bundle)) {
        errors.story(`✗ the action's bundle is not there: ${(0,render_escape/* forLog */.Ig)(bundle)}; npm run build makes it`);
        return exit_codes/* EXIT */.d.unusable;
    }
    try {
        return await (0,interrupt/* interruptible */.I)((name) => new Interrupted(name), (signal) => demo({ ...options, bundle }, out, signal));
    }
    catch (error) {
        if (error instanceof Interrupted)
            return exit_codes/* EXIT */.d.interrupted;
        if (!(error instanceof src_simulator/* ScenarioError */.t) && !(error instanceof scenario_file/* NoScenario */.Q))
            throw error;
        for (const line of error.message.split('\n'))
            errors.line((0,render_escape/* forLog */.Ig)(line));
        return exit_codes/* EXIT */.d.unusable;
    }
}
async function demo({ scenario, scenarios, bundle }, out, signal) {
    const yaml = await (0,scenario_file/* readScenario */.Z)(scenario, scenarios);
    const simulator = await (0,src_simulator/* startSimulator */.r)(yaml);
    try {
        const folder = await (0,promises_.mkdtemp)((0,external_node_path_.join)((0,external_node_os_.tmpdir)(), 'aks-acr-pull-demo-'));
        const inputs = inputsFor(simulator.state);
        introduce(simulator, description(yaml), inputs, out);
        const runs = [
            await run('First run', { bundle, folder: (0,external_node_path_.join)(folder, 'run-1'), inputs }, simulator, out, signal),
        ];
        runs[0]?.problems.push(...compareFirst(runs[0].claims, runs[0].count));
        if (runs[0]?.claims.result === 'passed' && runs[0].problems.length === 0) {
            out.line(out.style(`(${WHY_WAIT})`, 'dim'));
            out.line();
            await (0,external_node_timers_promises_.setTimeout)(NODE_STATUS_MS, undefined, { signal });
            runs.push(await run('Second run, same cloud', { bundle, folder: (0,external_node_path_.join)(folder, 'run-2'), inputs }, simulator, out, signal));
            const second = runs[1];
            if (second !== undefined && second.count.writes > 0)
                second.problems.push(`the second run had nothing to change, and sent ${second.count.writes} writes`);
            if (second !== undefined && second.claims.result !== 'passed')
                second.problems.push('the first run passed, and the second did not');
        }
        return conclude(runs, out);
    }
    finally {
        await simulator.stop();
    }
}
/** The step's inputs, for the first cluster and the first registry; the login is whoever trusts this job's tokens. */
function inputsFor(state) {
    const [cluster] = state.clusters;
    const [registry] = state.registries;
    const login = state.principals.find(({ federatedCredentials }) => federatedCredentials.some(({ subject }) => subject === state.github.subject)) ?? state.principals.find(({ federatedCredentials }) => federatedCredentials.length > 0);
    return {
        ...(cluster === undefined
            ? {}
            : {
                cluster: `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`,
            }),
        ...(registry === undefined
            ? {}
            : { registry: registry.loginServer, 'subscription-id': registry.subscriptionId }),
        ...(login === undefined ? {} : { 'client-id': login.clientId, 'tenant-id': state.tenantId }),
    };
}
function description(yaml) {
    const document = (0,dist/* parse */.qg)(yaml);
    const text = typeof document === 'object' && document !== null && 'description' in document
        ? document.description
        : '';
    return typeof text === 'string' ? text : '';
}
function introduce({ name, state }, about, inputs, out) {
    out.line(out.style(`A simulated Azure, for this demo alone: ${(0,render_escape/* forLog */.Ig)(name)}`, 'bold'));
    if (about !== '')
        out.line(`  ${(0,render_escape/* forLog */.Ig)(about)}`);
    out.line();
    const [cluster] = state.clusters;
    if (cluster !== undefined) {
        const pools = cluster.pools.map(({ name: pool, count, osType, architecture }) => `${pool} (${count} × ${osType.toLowerCase()}/${architecture})`);
        out.line(`  cluster    ${(0,render_escape/* forLog */.Ig)(`${cluster.name}, node pools ${(0,words/* list */.p_)(pools)}`)}`);
    }
    const [registry] = state.registries;
    if (registry !== undefined) {
        const mode = registry.roleAssignmentMode === 'AbacRepositoryPermissions' ? 'ABAC' : 'legacy';
        out.line(`  registry   ${(0,render_escape/* forLog */.Ig)(`${registry.loginServer}, permissions in ${mode} mode`)}`);
    }
    const login = state.principals.find(({ clientId }) => clientId === inputs['client-id']);
    if (login !== undefined) {
        out.line(`  login      ${(0,render_escape/* forLog */.Ig)(`${login.name}, by the OIDC token of a GitHub job of ${state.github.repository}`)}`);
    }
    out.line();
}
async function run(title, { bundle, folder, inputs }, simulator, out, signal) {
    const { github, state } = simulator;
    const before = new Set(await clusterContents(simulator));
    const counted = beginCount(simulator);
    const teller = new Teller(out);
    out.line(`${out.style(`▶ ${title}`, 'bold')}  ${out.style('the action, started as a GitHub runner starts it', 'dim')}`);
    const step = await runStep({
        bundle,
        folder,
        inputs,
        signal,
        job: {
            repository: state.github.repository,
            ref: state.github.ref,
            event: state.github.event,
            ...(state.github.idTokenPermission ? { idToken: github } : {}),
            network: simulator.environment(),
        },
        onLine: (line) => teller.tell(line),
        onPost: () => teller.post(),
    });
    teller.end();
    signal.throwIfAborted();
    const count = counted();
    const left = await whatIsLeft(simulator, before, signal);
    const claims = await readClaims(step);
    return { title, step, claims, count, left, problems: compare(claims, step, count, left, state) };
}
/** Kubelets tell what images they have every 10 seconds: kubelet-config.v1beta1, nodeStatusUpdateFrequency. */
const NODE_STATUS_MS = 10_000;
const WHY_WAIT = 'ten seconds later, when the nodes have reported which images they have now:';
/** A pod that was deleted takes its grace period to go. */
const LEAVING_MS = 5_000;
async function whatIsLeft(simulator, before, signal) {
    const until = Date.now() + LEAVING_MS;
    for (;;) {
        const left = (await clusterContents(simulator)).filter((name) => !before.has(name));
        if (left.length === 0 || Date.now() > until)
            return left;
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
/** Shows a step's output as GitHub's log view does: groups as headings, annotations as what they are, masks as ***. */
class Teller {
    #out;
    #indent = '  ';
    #annotated = false;
    /** Lines that the post step wrote; undefined until it runs. */
    #post;
    constructor(out) {
        this.#out = out;
    }
    tell(line) {
        const out = this.#out;
        switch (line.kind) {
            case 'text':
                if (line.text.trim() === '')
                    break;
                if (this.#post !== undefined)
                    this.#post++;
                out.story((0,render_escape/* forLog */.Ig)(line.text), this.#indent);
                break;
            case 'group':
                out.line(`  ${out.style((0,render_escape/* forLog */.Ig)(line.title), 'bold')}`);
                this.#indent = '    ';
                break;
            case 'end-group':
                this.#indent = '  ';
                break;
            case 'mask':
                out.hide(line.value);
                break;
            case 'annotation':
                this.#annotation(line);
                break;
            case 'debug':
                break;
        }
    }
    /** The story has told it in full already: only what GitHub shows above the log is repeated. */
    #annotation({ level, title, message }) {
        const out = this.#out;
        if (!this.#annotated)
            out.line(`  ${out.style('Annotations', 'bold')}`);
        this.#annotated = true;
        const [first = '', ...rest] = message.split('\n');
        const mark = level === 'error' ? '✗' : level === 'warning' ? '!' : '-';
        out.story(`${mark} ${(0,render_escape/* forLog */.Ig)(title ?? first)}`, '    ');
        if (title === undefined)
            for (const line of rest)
                out.line(`      ${(0,render_escape/* forLog */.Ig)(line)}`);
    }
    /** The main step is over. */
    post() {
        this.#out.line(`  ${this.#out.style('Post step', 'bold')}`);
        this.#indent = '    ';
        this.#annotated = false;
        this.#post = 0;
    }
    end() {
        if (this.#post === 0)
            this.#out.story('- the step left nothing to remove', '    ');
        this.#out.line();
    }
}
function conclude(runs, out) {
    out.line(out.style('What the simulated Azure counted', 'bold'));
    const rows = [
        ['role assignments made', ({ count }) => String(count.grantsMade.length)],
        ['writes sent to Azure', ({ count }) => String(count.writes)],
        ['token exchanges by the kubelets', ({ count }) => String(count.exchanges)],
        ['manifests given to the kubelets', ({ count }) => String(count.manifests)],
        ['blobs fetched by the kubelets', ({ count }) => String(count.blobs)],
        ['left behind in the cluster', ({ left }) => String(left.length)],
        ['all requests', ({ count }) => String(count.requests)],
        ['result', ({ claims }) => claims.result ?? 'none'],
        ['took', ({ step }) => (0,words/* duration */.p0)(step.durationMs)],
    ];
    const width = Math.max(...rows.map(([name]) => name.length));
    const columns = runs.map((_, index) => (index === 0 ? 'first run' : 'second run'));
    out.line(out.style(`  ${''.padEnd(width)}${columns.map((column) => column.padStart(14)).join('')}`, 'dim'));
    for (const [name, value] of rows) {
        out.line(`  ${name.padEnd(width)}${runs.map((one) => value(one).padStart(14)).join('')}`);
    }
    out.line();
    const problems = runs.flatMap(({ title, problems: found }) => found.map((problem) => `${title}: ${problem}`));
    for (const problem of problems)
        out.story(`✗ ${(0,render_escape/* forLog */.Ig)(problem)}`);
    const results = runs.map(({ claims }) => claims.result);
    if (problems.length > 0) {
        out.story('✗ The demo FAILED: what the action claims and what the simulated Azure counted do not agree.');
    }
    else if (results.every((result) => result === 'passed')) {
        out.story('✓ All that the action claims, the simulated Azure saw happen.');
    }
    else {
        out.story(`✓ The action's verdict is ${results.join(', ')}, and it claims nothing that the simulated Azure did not see.`);
    }
    for (const { step, claims } of runs) {
        out.line(`  report   ${claims.reportPath === '' ? 'none' : (0,render_escape/* forLog */.Ig)(claims.reportPath)}`);
        out.line(`  summary  ${(0,render_escape/* forLog */.Ig)(step.summaryPath)}`);
    }
    if (problems.length > 0)
        return exit_codes/* EXIT */.d.failed;
    const last = results.at(-1);
    return last === undefined ? exit_codes/* EXIT */.d.failed : exit_codes/* EXIT */.d[last];
}


/***/ })

};
