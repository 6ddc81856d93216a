import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Layers: what a folder may not import. The reason stands in the message. */
const forbid = (files, patterns, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: patterns, message }] }] },
});

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'node_modules/**', 'coverage/**', '.tmp/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
    },
  },
  forbid(
    ['src/core/**'],
    [
      '@actions/*',
      'azure-pipelines-task-lib*',
      'commander',
      'undici',
      '**/host/**',
      '**/github/**',
      '**/azure-pipelines/**',
      '**/cli/**',
      '**/render/**',
      '**/simulator/**',
    ],
    'The core is given its ports: it knows no CI system, no host and no simulator.',
  ),
  {
    files: ['src/core/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'The core reads no environment.' },
        { name: 'fetch', message: 'Everything the core sends goes through its http port.' },
      ],
    },
  },
  forbid(
    ['src/simulator/**'],
    ['**/core/**', '**/host/**', '**/render/**', '**/github/**', '@azure/*', '@actions/*'],
    'The simulator knows nothing of the core: it would only agree with itself.',
  ),
  forbid(
    ['src/render/**'],
    ['**/host/**', '**/github/**', '**/cli/**', '**/simulator/**', '@actions/*'],
    'Renderers turn a report into text and know no host.',
  ),
  { files: ['**/*.js', 'scripts/**'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['scripts/**', '*.config.js', '__tests__/**'],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
  prettier,
);
