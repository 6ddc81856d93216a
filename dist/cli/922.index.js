export const id = 922;
export const ids = [922];
export const modules = {

/***/ 37922:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   simulateCommand: () => (/* binding */ simulateCommand)
/* harmony export */ });
/* unused harmony export requestLine */
/* harmony import */ var _simulator_index_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(16018);
/* harmony import */ var _render_escape_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(57789);
/* harmony import */ var _exit_codes_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(28551);
/* harmony import */ var _interrupt_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(44741);
/* harmony import */ var _scenario_file_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(93205);
/* harmony import */ var _terminal_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(71028);
/** `simulate`: a simulated Azure that runs until it is interrupted, for whatever honours HTTPS_PROXY and a CA file. */






/** Runs until Ctrl-C. @returns the exit code */
async function simulateCommand(scenario, scenarios, terminal) {
    const out = new _terminal_js__WEBPACK_IMPORTED_MODULE_5__/* .Lines */ .q(terminal.stdout, terminal.environment);
    const errors = new _terminal_js__WEBPACK_IMPORTED_MODULE_5__/* .Lines */ .q(terminal.stderr, terminal.environment);
    let simulator;
    try {
        simulator = await (0,_simulator_index_js__WEBPACK_IMPORTED_MODULE_0__/* .startSimulator */ .r)(await (0,_scenario_file_js__WEBPACK_IMPORTED_MODULE_4__/* .readScenario */ .Z)(scenario, scenarios), {
            onRequest: (record) => out.line(requestLine(record, out)),
        });
    }
    catch (error) {
        if (!(error instanceof _simulator_index_js__WEBPACK_IMPORTED_MODULE_0__/* .ScenarioError */ .t) && !(error instanceof _scenario_file_js__WEBPACK_IMPORTED_MODULE_4__/* .NoScenario */ .Q))
            throw error;
        for (const line of error.message.split('\n'))
            errors.line((0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(line));
        return _exit_codes_js__WEBPACK_IMPORTED_MODULE_2__/* .EXIT */ .d.unusable;
    }
    try {
        await (0,_interrupt_js__WEBPACK_IMPORTED_MODULE_3__/* .interruptible */ .I)((name) => new Error(name), async (signal) => {
            introduce(simulator, out);
            await (0,_interrupt_js__WEBPACK_IMPORTED_MODULE_3__/* .interruption */ .Y)(signal);
        });
    }
    finally {
        await simulator.stop();
    }
    return _exit_codes_js__WEBPACK_IMPORTED_MODULE_2__/* .EXIT */ .d.interrupted;
}
function introduce(simulator, out) {
    const { state, github } = simulator;
    const exports = {
        ...simulator.environment(),
        ...(state.github.idTokenPermission
            ? {
                ACTIONS_ID_TOKEN_REQUEST_URL: github.requestUrl,
                ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.requestToken,
            }
            : {}),
    };
    out.line(out.style(`The simulated Azure of scenario ${(0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(simulator.name)} runs. Ctrl-C ends it.`, 'bold'));
    out.line();
    out.line('Paste into the shell whose programs are to reach it:');
    for (const [name, value] of Object.entries(exports))
        out.line(`  export ${name}=${(0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forShell */ .uJ)(value)}`);
    out.line();
    for (const cluster of state.clusters) {
        out.line(`  cluster   ${(0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(`${cluster.name} (resource group ${cluster.resourceGroup}, ${cluster.subscriptionId})`)}`);
    }
    for (const registry of state.registries)
        out.line(`  registry  ${(0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(registry.loginServer)}`);
    for (const { name, clientId, secrets, federatedCredentials } of state.principals) {
        const ways = [
            ...(federatedCredentials.length > 0 ? ["GitHub's OIDC token"] : []),
            ...(secrets.length > 0 ? ['a client secret of the scenario'] : []),
        ];
        if (ways.length > 0) {
            out.line(`  login     ${(0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(`${name}: client id ${clientId}, tenant ${state.tenantId}, by ${ways.join(' or ')}`)}`);
        }
    }
    out.line();
}
/** One line for a request: what came, who asked, what was answered and why. */
function requestLine(record, out) {
    const { method, host, path, status, caller, verdict, modelled, durationMs } = record;
    const style = status >= 400 || status === 0 ? 'red' : 'green';
    const outcome = out.style(status === 0 ? 'no answer' : String(status), style);
    const notes = [
        ...(caller === undefined ? [] : [`by ${caller}`]),
        ...(verdict === undefined ? [] : [verdict]),
        ...(modelled ? [] : ['NOT MODELLED by this simulator']),
        `${Math.round(durationMs)} ms`,
    ];
    return `${outcome} ${(0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(`${method} https://${host}${path}`)}  ${out.style((0,_render_escape_js__WEBPACK_IMPORTED_MODULE_1__/* .forLog */ .Ig)(notes.join('; ')), 'dim')}`;
}


/***/ })

};
