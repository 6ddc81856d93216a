"""Lets Debian 12's azure-cli 2.45 speak to Azure RBAC.

That package was put together with a newer azure-mgmt-authorization than its code is written for: role assignment commands end
in AttributeError ('RoleDefinitionsOperations' object has no attribute 'config'). This gives the operations of that library the
three things that the older one had. Addresses, versions and bodies of requests stay as they are.
"""

import functools
import importlib.abc
import importlib.machinery
import re
import sys

OPERATIONS = re.compile(r"^azure\.mgmt\.authorization\.v\w+\.operations\._\w+$")


def patch(module):
    for name, operations in vars(module).items():
        if not (isinstance(operations, type) and name.endswith("Operations")):
            continue
        # The older library's name for its settings.
        operations.config = property(lambda self: self._config)
        create = operations.__dict__.get("create")
        if create is not None:
            operations.create = as_before(create)


def as_before(create):
    @functools.wraps(create)
    def wrapper(*args, custom_headers=None, **kwargs):
        from azure.core.exceptions import HttpResponseError

        try:
            return create(*args, **kwargs)
        except HttpResponseError as error:
            # The service's own sentence alone, without the code around it: `az aks update --attach-acr` compares it.
            if error.error is not None:
                error.message = error.error.message
            raise

    return wrapper


class Loader(importlib.abc.Loader):
    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        patch(module)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if not OPERATIONS.match(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader)
        return spec


sys.meta_path.insert(0, Finder())
