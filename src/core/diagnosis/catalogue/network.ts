/** Causes on the way from a node to the registry. */
import type { Fix } from '../../report.js';
import type { Causes, FixFacts } from '../cause.js';
import { command, inRegistry, keepNames, linkZone, outboundAddress, zonesNamed } from '../commands.js';
import { showCluster, showRegistry } from '../fix-commands.js';
import { fix, say } from '../fixes.js';
import { BLOG, PULL_PAGE, PUSH_PAGE } from '../sources.js';

const events = command('kubectl', 'get', 'events', '-A', '--field-selector', 'reason=Failed');

/** What leads the nodes to the registry's private endpoint, where that there is a link missing is known. */
function linked(missing: FixFacts['missingLink']): Fix | undefined {
  const command = missing && linkZone(missing);
  return (
    command &&
    fix(
      "Link the nodes' network to the DNS zone of the registry's private endpoint: until then its names lead the nodes to its public address. The endpoint must be reached from that network too, by peering where it is in another.",
      command,
    )
  );
}

/** What gives a private endpoint its names in the zone that nodes look them up in. */
function named({ loginServer }: { loginServer: string }, endpoint: string): Fix | undefined {
  const zone = `privatelink.${loginServer.replace(/^[^.]*\./, '')}`;
  const command = keepNames(endpoint, zone);
  return (
    command &&
    fix(
      `Nothing keeps the names of the registry's private endpoint in a private DNS zone. Have it keep them in the zone ${zone} that the nodes' network is linked to (the first command lists those of that name; the second takes the only one, so put in the id where there are several).`,
      zonesNamed(zone),
      command,
    )
  );
}

export const NETWORK = {
  'wrong-login-server': {
    title: 'the image names a login server that the registry does not have',
    seen: '"no such host" for a name of azurecr.io.',
    why: "A registry's login server is not always its name and .azurecr.io: with a domain name label it bears a hash.",
    fix: (facts) => fix('Write the login server as Azure names it.', showRegistry('loginServer')(facts)),
    confirm: 'The printed name is the one in the image.',
    sources: [
      'public post-mortem notes',
      'docs: container-registry/container-registry-get-started-azure-cli',
    ],
  },
  'dns-timeout': {
    title: "the nodes' DNS server gives no answer",
    seen: '"lookup …: i/o timeout" or "server misbehaving".',
    why: 'The DNS server that the network names is down, does not forward, or cannot be reached on port 53.',
    fix: say("Look at the DNS servers of the nodes' network, and at rules for port 53 on the way."),
    confirm: 'The name resolves on a node.',
    sources: [BLOG, 'SupportArticles:context-deadline-exceeded'],
  },
  'private-endpoint-unreachable': {
    title: "the registry's private endpoint cannot be reached from the nodes",
    seen: 'A time-out to a private address.',
    why: "The name resolves to the private endpoint, but the nodes' network is not peered with the endpoint's, or a firewall stands between.",
    fix: (facts) =>
      fix(
        'Look at the peering of the two networks, the routes and the firewall between them.',
        showRegistry('privateEndpointConnections[].privateEndpoint.id')(facts),
      ),
    confirm: 'A connection to port 443 of that address succeeds from a node.',
    sources: [PULL_PAGE, 'docs: container-registry/container-registry-private-link'],
  },
  'connection-reset': {
    title: 'something on the way cut the connection',
    seen: '"connection reset by peer".',
    why: 'A firewall or another appliance ended a connection that was open.',
    fix: say('Look at the logs of the firewall and the routes between the nodes and the registry.'),
    confirm: 'The pull comes to its end.',
    sources: [BLOG, 'Azure/acr#305'],
  },
  'tls-handshake-timeout': {
    title: 'TLS with the registry comes to no end',
    seen: '"TLS handshake timeout".',
    why: 'Packets get through, but the handshake does not: TLS inspection, a firewall that drops by name, or an MTU that is too large for the way.',
    fix: say("Look at what inspects TLS between the nodes and the registry, and at the way's MTU."),
    confirm: 'A TLS connection from a node shows the registry’s certificate.',
    sources: [BLOG, 'go: src/net/http'],
  },
  'proxy-error': {
    title: 'the proxy that the nodes use does not work',
    seen: '"proxyconnect".',
    why: "The nodes send their pulls through a proxy, and it can't be reached or refuses.",
    fix: (facts) =>
      fix(
        "Look at the cluster's proxy settings, and whether its address is up and lets the registry through.",
        showCluster('httpProxyConfig')(facts),
      ),
    confirm: 'A request through the proxy from a node succeeds.',
    sources: [PUSH_PAGE, 'go: src/net/http'],
  },
  'registry-plain-http': {
    title: 'the registry speaks plain HTTP',
    seen: '"server gave HTTP response to HTTPS client".',
    why: 'The host answers without TLS. Azure registries never do: it is another registry, or something else on that port.',
    fix: say("Look at the image's host and port, or give that registry a certificate."),
    confirm: 'The host answers https.',
    sources: ['acorn-io/runtime#721', 'capture: events-nocred.json'],
  },
  'interrupted-download': {
    title: 'a layer arrived incomplete',
    seen: '"unexpected commit digest", "failed size validation".',
    why: 'The connection was closed before the layer was whole, mostly by a proxy or a firewall.',
    fix: say('Pull again; if it stays, look at the proxy and the firewall on the way to the data endpoint.'),
    confirm: 'The same digest pulls.',
    sources: ['containerd/containerd#4908', 'containerd/containerd#3974'],
  },
  'pull-canceled': {
    title: 'the pull was given up before it was done',
    seen: '"context canceled".',
    why: 'The node stopped waiting: a large image on a slow way, a pod that was deleted, or a runtime that restarted.',
    fix: () =>
      fix('Look what happened to the pod; for large images, make them smaller or the way faster.', events),
    confirm: 'The pull comes to its end.',
    sources: ['Azure/AKS#245', BLOG],
  },
  'firewall-403': {
    title: "the registry's firewall refuses the nodes",
    seen: '"client with IP … is not allowed access", or 403 Forbidden.',
    why: "The registry's network rules don't let the address of the nodes in.",
    fix: ({ registry, cluster, missingLink }) =>
      linked(missingLink) ??
      fix(
        "Give the registry a private endpoint in the nodes' network. Or, where it takes rules for addresses (first command shows them; Premium alone, with public access), let in the address that the nodes go out by: the second command does it for nodes behind the cluster's own load balancer.",
        registry && command('az', 'acr', 'network-rule', 'list', ...inRegistry(registry)),
        registry &&
          cluster &&
          command(
            ...['az', 'acr', 'network-rule', 'add', ...inRegistry(registry)],
            ...['--ip-address', outboundAddress(cluster)],
          ),
      ),
    confirm: 'The same pull passes from a node of the same pool.',
    sources: [
      'docs: container-registry/container-registry-firewall-access-rules',
      'docs: container-registry/container-registry-access-selected-networks',
      'SupportArticles:acr-authentication-errors',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'dns-nxdomain': {
    title: 'the node cannot resolve a host name of the registry',
    seen: '"no such host".',
    why: 'DNS as the node sees it has no such name: a missing private DNS zone link, or a name that is misspelt.',
    fix: ({ registry, namelessEndpoint }) =>
      (registry && namelessEndpoint && named(registry, namelessEndpoint)) ||
      fix(
        "Look at the DNS servers of the nodes' network and at the links of the private DNS zone privatelink.azurecr.io.",
      ),
    confirm: 'nslookup on a node prints an address.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'docs: container-registry/container-registry-private-link',
      'go: src/net',
    ],
  },
  'connection-timeout': {
    title: 'the node cannot connect to the registry',
    seen: '"i/o timeout" or "connection refused" to a public address.',
    why: 'Packets from the node to the registry get no answer: a firewall, a route or a missing private endpoint.',
    fix: ({ missingLink }) =>
      linked(missingLink) ??
      fix('Look at the outbound rules of the nodes for the login server and the data endpoint on port 443.'),
    confirm: 'A connection to port 443 of the login server succeeds from a node.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'docs: container-registry/container-registry-firewall-access-rules',
      'go: src/net',
    ],
  },
  'tls-unknown-authority': {
    title: "the node does not trust the registry's certificate",
    seen: '"x509: …".',
    why: 'Something on the way re-signs TLS, and the node does not know its authority.',
    fix: say('Exempt the registry from TLS inspection, or give the nodes the authority (custom CA trust).'),
    confirm: 'A TLS connection from a node shows a certificate that the node trusts.',
    sources: ['docs: aks/custom-certificate-authority', 'go: src/crypto/x509'],
  },
  'storage-endpoint-blocked': {
    title: 'the node cannot reach the endpoint that serves the layers',
    seen: 'The manifest comes, and a layer does not: an error at *.blob.core.windows.net or *.data.azurecr.io.',
    why: 'The registry answers, but layers come from another host (a data endpoint or blob storage), and that is blocked for the nodes.',
    fix: ({ registry }) =>
      fix(
        'Let the nodes reach it too; dedicated data endpoints give it a fixed name.',
        registry && command('az', 'acr', 'show-endpoints', ...inRegistry(registry)),
      ),
    confirm: 'The layers of the same image come: a check says that its content was proved.',
    sources: [
      'docs: container-registry/container-registry-firewall-access-rules',
      'docs: container-registry/container-registry-dedicated-data-endpoints',
      'Azure/AKS#1383',
    ],
  },
} as const satisfies Causes;
