export { StoreError } from './store-error.ts';
